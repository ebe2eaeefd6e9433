#pragma once
#include <QLocalSocket>
#include <QObject>
#include <QTimer> // expect: LS403

class Counter : public QObject
{
    Q_OBJECT

public:
    explicit Counter(QLocalSocket *socket, QObject *parent = nullptr);

private:
    void count();
    void forget(); // expect: LS403

    QLocalSocket *m_socket;
    QByteArray m_buffer; // expect: LS403
    qint64 m_count = 0;
};
