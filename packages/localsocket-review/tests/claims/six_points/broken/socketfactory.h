#ifndef SOCKETFACTORY_H
#define SOCKETFACTORY_H

#include <QLocalSocket>
#include <QVector>
#include <thread>

class SocketFactory
{
public:
    SocketFactory(const QString &name, int count);

    bool connectAll();
    void startAll(const QByteArray &chunk);

private:
    void initTestCase();
    void pingPong_data();
    void dataExchange_data();

    QString m_name;
    QVector<QLocalSocket *> m_sockets;
    QLocalSocket *m_control;
    std::thread m_reader;
};

#endif
