#include <QLocalServer>

class Counting : public QLocalServer
{
protected:
    void incomingConnection(quintptr descriptor) override
    {
        ++m_count;
        QLocalServer::incomingConnection(descriptor);
    }

private:
    int m_count = 0;
};
