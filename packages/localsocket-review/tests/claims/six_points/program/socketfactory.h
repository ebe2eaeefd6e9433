#ifndef SOCKETFACTORY_H
#define SOCKETFACTORY_H

#include <QLocalSocket>
#include <QObject>
#include <QVector>

class SocketFactory : public QObject
{
    Q_OBJECT
public:
    SocketFactory(const QString &name, int count, QObject *parent = nullptr);

    bool connectAll();
    void startAll(const QByteArray &chunk);
    qint64 received() const { return m_received; }

signals:
    void bytesReceived(qint64 count);

public slots:
    void stop();

private:
    void onReadyRead(QLocalSocket *socket);

    QString m_name;
    QVector<QLocalSocket *> m_sockets;
    qint64 m_received = 0;
    bool m_stopped = false;
};

#endif
