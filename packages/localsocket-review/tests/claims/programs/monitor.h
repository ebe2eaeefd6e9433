#pragma once

#include <QLocalServer>
#include <QLocalSocket>

#define RETRY_LIMIT 3
#define GREETING "hello"

class Monitor : public QObject
{
    Q_OBJECT
public:
    explicit Monitor(QObject *parent = nullptr);
    bool open(const QString &name);
    void send(const QByteArray &message);
    void send(const QString &message, int priority);

signals:
    void received(const QByteArray &message);

private slots:
    void on_server_newConnection();

private:
    void helper();
    QLocalServer *m_server;
    int m_spare = 0;
};

class Recorder : public QObject
{
signals:
    void full();
};
