#pragma once
#include <QLocalSocket>

class Session : public QLocalSocket // expect: LS401
{
public:
    QString greeting() const;
};

class Notice : public Session // expect: LS401
{
};
