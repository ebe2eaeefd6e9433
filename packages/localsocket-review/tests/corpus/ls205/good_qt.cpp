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
        while (m_socket->canReadLine()) {
            const QByteArray data = m_socket->readLine();
            const QJsonDocument document = QJsonDocument::fromJson(data);
            if (!document.isNull())
                emit requestReceived(document.toJson());
        }
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
            while (socket->canReadLine())
                line(socket);
        });
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }

    void line(QLocalSocket *socket)
    {
        const QString text = QString::fromUtf8(socket->readLine());
        if (text.startsWith(QStringLiteral("say ")))
            emit said(text);
        if (text == QLatin1String("quit\n"))
            emit quit();
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
        connect(socket, &QLocalSocket::disconnected, socket, &QObject::deleteLater);
    }

signals:
    void number(int value);

public slots:
    void read()
    {
        for (;;) {
            qint32 value = 0;
            m_in.startTransaction();
            m_in >> value;
            if (!m_in.commitTransaction())
                return;
            emit number(value);
        }
    }

private:
    QLocalSocket *m_socket = nullptr;
    QDataStream m_in;
};
