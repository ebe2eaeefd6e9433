#pragma once
#include <QLocalServer>
#include <QLocalSocket>

class Session : public QLocalServer
{
    Q_OBJECT

public:
    Session(QObject *parent = nullptr); // expect: LS406

protected:
    void incomingConnection(quintptr descriptor); // expect: LS406

private:
    QLocalSocket *m_socket; // expect: LS406
    int m_level;
};
