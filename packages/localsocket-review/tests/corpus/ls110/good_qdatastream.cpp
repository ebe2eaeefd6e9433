#include <QDataStream>
#include <QLocalSocket>

class Receiver : public QObject
{
    Q_OBJECT
public slots:
    void readMore()
    {
        QDataStream stream(m_socket);
        stream.startTransaction();
        stream >> m_size;
        if (!stream.commitTransaction())
            return;
        if (m_size > maximum) {
            m_socket->abort();
            return;
        }
        m_buffer.resize(m_size);
        stream.readRawData(m_buffer.data(), m_size);
    }

private:
    static constexpr quint32 maximum = 1 << 20;
    QLocalSocket *m_socket = nullptr;
    quint32 m_size = 0;
    QByteArray m_buffer;
};
