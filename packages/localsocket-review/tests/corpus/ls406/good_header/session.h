#pragma once
#include <QLocalServer>
#include <QLocalSocket>

class Session : public QLocalServer
{
    Q_OBJECT

public:
    explicit Session(QObject *parent = nullptr);

protected:
    void incomingConnection(quintptr descriptor) override;

private:
    QLocalSocket *m_socket = nullptr;
    int m_level = 0;
};
