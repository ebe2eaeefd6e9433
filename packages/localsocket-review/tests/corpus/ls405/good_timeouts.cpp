#include <QLocalSocket>

constexpr int kConnectTimeout = 3000;
constexpr int kAnswerTimeout = 10000;

QByteArray ask(const QString &name, const QByteArray &question)
{
    QLocalSocket socket;
    socket.connectToServer(name);
    if (!socket.waitForConnected(kConnectTimeout))
        return {};
    socket.write(question);
    if (!socket.waitForBytesWritten(kAnswerTimeout) || !socket.waitForReadyRead(kAnswerTimeout))
        return {};
    return socket.canReadLine() ? socket.readLine(4096) : QByteArray();
}
