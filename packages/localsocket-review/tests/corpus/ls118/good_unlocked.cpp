#include <QSharedMemory>
#include <cstring>

class Frames : public QObject
{
    Q_OBJECT
public:
    bool publish(const QByteArray &frame)
    {
        if (!m_memory.lock())
            return false;
        std::memcpy(m_memory.data(), frame.constData(), qMin(int(frame.size()), int(m_memory.size())));
        return m_memory.unlock();
    }

    bool open()
    {
        m_memory.setKey(QStringLiteral("frames"));
        return m_memory.attach();
    }

private:
    QSharedMemory m_memory;
};
