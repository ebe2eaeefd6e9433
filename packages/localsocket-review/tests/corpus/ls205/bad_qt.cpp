#include <QDataStream>
#include <QJsonDocument>
#include <QLocalSocket>
#include <QObject>

class Session : public QObject
{
    Q_OBJECT
public:
    explicit Session(QLocalSocket *socket, QObject *parent = nullptr)
        : QObject(parent), m_socket(socket)
    {
        connect(m_socket, &QLocalSocket::readyRead, this, &Session::onReadyRead);
        connect(m_socket, &QLocalSocket::disconnected, m_socket, &QObject::deleteLater);
    }

signals:
    void requestReceived(const QByteArray &request);

private slots:
    void onReadyRead()
    {
        const QByteArray data = m_socket->readAll(); // expect: LS205
        const QJsonDocument document = QJsonDocument::fromJson(data);
        if (!document.isNull())
            emit requestReceived(document.toJson());
    }

private:
    QLocalSocket *m_socket = nullptr;
};

class Control : public QObject
{
    Q_OBJECT
public:
    explicit Control(QLocalSocket *socket) : QObject(socket)
    {
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] {
            if (socket->readAll() == "quit") // expect: LS205
                emit quit();
        });
        connect(socket, &QLocalSocket::readyRead, this, [this, socket] { line(socket); });
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }

    void line(QLocalSocket *socket)
    {
        const QString text = QString::fromUtf8(socket->readLine()); // expect: LS205
        if (text.startsWith(QStringLiteral("say ")))
            emit said(text);
    }

signals:
    void quit();
    void said(const QString &text);
};

class Numbers : public QObject
{
    Q_OBJECT
public:
    explicit Numbers(QLocalSocket *socket) : QObject(socket), m_socket(socket), m_in(socket)
    {
        connect(socket, &QLocalSocket::readyRead, this, &Numbers::read);
        connect(socket, SIGNAL(readyRead()), this, SLOT(readOne())); // expect: LS405
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }

signals:
    void number(int value);

public slots:
    void read()
    {
        qint32 value = 0;
        m_in >> value; // expect: LS205
        emit number(value);
    }

    void readOne()
    {
        if (m_socket->canReadLine())
            emit number(m_socket->readLine().size()); // expect: LS205
    }

private:
    QLocalSocket *m_socket = nullptr;
    QDataStream m_in;
};
