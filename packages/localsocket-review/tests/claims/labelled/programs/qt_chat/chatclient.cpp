// Console chat client that speaks QDataStream over a local socket.
#include <QCoreApplication>
#include <QDataStream>
#include <QDateTime>
#include <QLocalSocket>
#include <QStringList>
#include <QTextStream>
#include <QTimer>

class History : public QObject
{
public:
    History(int limit = 100) : m_limit(limit) {}

    void add(const QString &line)
    {
        m_lines.append(line);
        if (m_lines.size() > m_limit)
            m_lines.removeFirst();
        emit changed();
    }

    QStringList lines() { return m_lines; }

signals:
    void changed();

private:
    QStringList m_lines;
    int m_limit;
};

class ChatClient : public QObject
{
    Q_OBJECT

public:
    ChatClient(const QString &nick, QObject *parent = nullptr);
    ~ChatClient();

    void open(const QString &serverName);
    bool say(const QString &text);
    int sentCount() const { return m_sent; }

signals:
    void message(const QString &from, const QString &text);

private slots:
    void onConnected();
    void onReadyRead();
    void onError(QLocalSocket::LocalSocketError error);

private:
    QString m_nick;
    QString m_serverName;
    QLocalSocket *m_socket;
    QTimer *m_retry;
    History *m_history;
    QDataStream m_in;
    int m_sent = 0;
};

ChatClient::ChatClient(const QString &nick, QObject *parent)
    : QObject(parent), m_nick(nick), m_socket(new QLocalSocket(this)),
      m_retry(new QTimer(this)), m_history(new History(50))
{
    m_in.setDevice(m_socket);
    m_in.setVersion(QDataStream::Qt_5_15);
    m_retry->setSingleShot(true);
    m_retry->setInterval(1500);
    connect(m_retry, &QTimer::timeout, this, [this] { m_socket->connectToServer(m_serverName); });
    connect(m_socket, &QLocalSocket::connected, this, &ChatClient::onConnected);
    connect(m_socket, &QLocalSocket::readyRead, this, &ChatClient::onReadyRead);
    connect(m_socket, &QLocalSocket::errorOccurred, this, &ChatClient::onError);
}

ChatClient::~ChatClient()
{
    m_socket->abort();
}

void ChatClient::open(const QString &serverName)
{
    m_serverName = serverName;
    m_socket->connectToServer(m_serverName);
}

bool ChatClient::say(const QString &text)
{
    if (m_socket->state() != QLocalSocket::ConnectedState)
        return false;
    QByteArray block;
    QDataStream out(&block, QIODevice::WriteOnly);
    out.setVersion(QDataStream::Qt_5_15);
    out << m_nick << text;
    m_socket->write(block);
    m_socket->waitForBytesWritten(500);
    ++m_sent;
    return true;
}

void ChatClient::onConnected()
{
    say(QStringLiteral("/join"));
}

void ChatClient::onReadyRead()
{
    m_in.startTransaction();
    QString from, text;
    m_in >> from >> text;
    if (!m_in.commitTransaction())
        return;
    m_history->add(from + ": " + text);
    emit message(from, text);
}

void ChatClient::onError(QLocalSocket::LocalSocketError error)
{
    QTextStream(stderr) << "socket error: " << m_socket->errorString() << "\n";
    if (error != QLocalSocket::SocketAccessError)
        m_retry->start();
}

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    ChatClient client(app.arguments().value(1, "guest"));
    QObject::connect(&client, &ChatClient::message, [](const QString &from, const QString &text) {
        QTextStream(stdout) << from << "> " << text << "\n";
    });
    client.open("chat-room");
    return app.exec();
}

#include "chatclient.moc"
