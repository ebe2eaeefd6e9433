#ifndef SINGLEINSTANCE_H
#define SINGLEINSTANCE_H

#include <QByteArray>
#include <QHash>
#include <QLocalServer>
#include <QLocalSocket>
#include <QObject>
#include <QString>

class SingleInstance : public QObject
{
    Q_OBJECT
    Q_PROPERTY(QString name READ name CONSTANT)

public:
    explicit SingleInstance(const QString &name, QObject *parent = nullptr);
    ~SingleInstance() override;

    QString name() const;
    bool isPrimary() const;
    bool start();
    bool sendMessage(const QByteArray &message, int timeout = 1000);

signals:
    void messageReceived(const QByteArray &message);

private slots:
    void onNewConnection();
    void onReadyRead();

private:
    void resetState();
    QString m_name;
    QLocalServer *m_server = nullptr;
    QHash<QLocalSocket *, QByteArray> m_buffers;
    bool m_primary = false;
    int m_retries;
};

class MessageLog
{
public:
    MessageLog(int limit);
    void append(const QByteArray &message);
    int count() const { return entries.size(); }

private:
    QList<QByteArray> entries;
    int m_limit;
};

class Notifier : public QObject
{
public:
    void notify(const QByteArray &message);

signals:
    void notified();
};

#endif
