#pragma once
#include <QLocalSocket>

class Session : public QLocalSocket
{
    Q_OBJECT
public:
    QString greeting() const;
};

class Notice : public Session
{
    Q_OBJECT
};
