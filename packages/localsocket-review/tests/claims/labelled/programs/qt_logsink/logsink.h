// Sinks for log lines, and the server that feeds them.
#include <QFile>
#include <QLocalServer>
#include <QObject>
#include <QString>
#include <QVector>

class QLocalSocket;

class Sink
{
public:
    virtual void put(const QString &line) = 0;
    virtual void flush() {}
};

class FileSink : public Sink
{
public:
    explicit FileSink(const QString &path);
    void put(const QString &line) override;
    void flush() override;

private:
    QFile m_file;
};

class CountingSink : public Sink
{
public:
    void put(const QString &line);
    int count() const { return m_count; }

private:
    int m_count = 0;
};

class LogServer : public QObject
{
    Q_OBJECT
    Q_PROPERTY(int lineCount READ lineCount NOTIFY lineCountChanged)

public:
    explicit LogServer(QObject *parent = nullptr);
    ~LogServer() override;

    bool start(const QString &name, int backlog = 20);
    void addSink(Sink *sink);
    int lineCount() const { return m_lineCount; }

public slots:
    void flushAll();

signals:
    void lineCountChanged();

private slots:
    void onNewConnection();

private:
    void drain(QLocalSocket *socket);

    QLocalServer m_server;
    QVector<Sink *> m_sinks;
    int m_lineCount = 0;
};
