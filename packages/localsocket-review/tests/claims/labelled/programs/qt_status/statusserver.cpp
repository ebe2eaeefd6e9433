// Answers status requests; sessions run in a few worker threads.
#include <QCoreApplication>
#include <QDebug>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocalServer>
#include <QLocalSocket>
#include <QMutex>
#include <QThread>
#include <QVector>

static QStringList journal;
static QAtomicInt served;

static void note(const QString &entry)
{
    journal.append(entry);
}

class Session : public QObject
{
    Q_OBJECT

public:
    explicit Session(quintptr descriptor) : m_descriptor(descriptor) {}

public slots:
    void begin()
    {
        m_socket = new QLocalSocket(this);
        if (!m_socket->setSocketDescriptor(m_descriptor)) {
            note("bad descriptor");
            deleteLater();
            return;
        }
        connect(m_socket, &QLocalSocket::readyRead, this, &Session::reply);
        connect(m_socket, &QLocalSocket::disconnected, this, &Session::deleteLater);
    }

    void reply()
    {
        const QJsonDocument request = QJsonDocument::fromJson(m_socket->readAll());
        QJsonObject answer;
        if (request.isObject())
            answer["status"] = lookup(request.object().value("name").toString());
        else
            answer["error"] = "malformed";
        m_socket->write(QJsonDocument(answer).toJson(QJsonDocument::Compact) + '\n');
        m_socket->flush();
        served.ref();
        note("answered");
    }

private:
    QString lookup(const QString &name) const
    {
        return name == "disk" ? "ok" : "unknown";
    }

    quintptr m_descriptor;
    QLocalSocket *m_socket = nullptr;
};

class StatusServer : public QLocalServer
{
    Q_OBJECT

public:
    StatusServer(int threads, QObject *parent = nullptr) : QLocalServer(parent)
    {
        setSocketOptions(QLocalServer::WorldAccessOption);
        for (int i = 0; i < threads; ++i) {
            auto *thread = new QThread(this);
            thread->start();
            m_threads.append(thread);
        }
    }

    ~StatusServer() override
    {
        for (QThread *thread : m_threads)
            thread->quit();
    }

protected:
    void incomingConnection(quintptr descriptor) override
    {
        auto *session = new Session(descriptor);
        session->moveToThread(m_threads.at(m_next));
        m_next = (m_next + 1) % m_threads.size();
        QMetaObject::invokeMethod(session, &Session::begin, Qt::QueuedConnection);
    }

private:
    QVector<QThread *> m_threads;
    int m_next = 0;
};

int main(int argc, char *argv[])
{
    QCoreApplication app(argc, argv);
    StatusServer server(4);
    server.listen("status");
    qInfo() << "listening on" << server.fullServerName();
    QObject::connect(&app, &QCoreApplication::aboutToQuit, [] {
        qInfo() << served.loadRelaxed() << "requests," << journal.size() << "entries";
    });
    return app.exec();
}

#include "statusserver.moc"
