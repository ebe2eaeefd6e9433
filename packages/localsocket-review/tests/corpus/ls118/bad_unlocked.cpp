#include <QLocalSocket>
#include <QSharedMemory>
#include <cstring>

class Frames : public QObject
{
    Q_OBJECT
public:
    bool publish(const QByteArray &frame)
    {
        std::memcpy(m_memory.data(), frame.constData(), qMin(int(frame.size()), int(m_memory.size()))); // expect: LS118
        return true;
    }

    bool open(QLocalSocket *socket)
    {
        m_memory.setKey(QString::fromUtf8(socket->readAll())); // expect: LS118
        return m_memory.attach();
    }

private:
    QSharedMemory m_memory;
};
