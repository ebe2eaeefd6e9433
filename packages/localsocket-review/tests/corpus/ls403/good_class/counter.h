#pragma once
#include <QLocalSocket>
#include <QObject>

class Counter : public QObject
{
    Q_OBJECT

public:
    explicit Counter(QLocalSocket *socket, QObject *parent = nullptr);

private:
    void count();
    void forget();

    QLocalSocket *m_socket;
    qint64 m_count = 0;
};
