#include <QSharedMemory>
#include <QSystemSemaphore>

QByteArray text(QSharedMemory &memory, QSystemSemaphore &turn)
{
    turn.acquire(); // guard
    QByteArray copy(static_cast<const char *>(memory.constData()), 64);
    turn.release();
    return copy;
}
