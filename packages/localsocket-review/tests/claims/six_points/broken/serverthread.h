#ifndef SERVERTHREAD_H
#define SERVERTHREAD_H

#include <QLocalServer>
#include <QThread>

class ServerThread : public QThread
{
public:
    explicit ServerThread(const QString &name);

signals:
    void listening();

protected:
    void run() override;

private:
    QString m_name;
    QLocalServer *m_server;
};

#endif
