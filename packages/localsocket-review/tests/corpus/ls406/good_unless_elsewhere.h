#pragma once
#include <QLocalSocket>

class Client
{
public:
    explicit Client(const QString &name);
    ~Client();

private:
    QLocalSocket *m_socket;
    int m_level;
};

struct Entry
{
    QLocalSocket *socket;
    int level;
};
