#ifndef SERVERTHREAD_H
#define SERVERTHREAD_H

#include <QThread>

class ServerThread : public QThread
{
    Q_OBJECT
public:
    explicit ServerThread(const QString &name, QObject *parent = nullptr);
    ~ServerThread() override;

signals:
    void listening();

protected:
    void run() override;

private:
    QString m_name;
};

#endif
