#include <QCoreApplication>
#include <QThread>
#include <QTimer>
#include <atomic>

static std::atomic<int> ticks;
static int misses;

class Ticker : public QThread
{
    Q_OBJECT
    Q_PROPERTY(int rate READ rate NOTIFY rateChanged)

public:
    Ticker(int rate, int first = 0) : m_rate(rate + first) {}
    ~Ticker() override
    {
        quit();
        wait();
    }
    int rate() const { return m_rate; }
    bool load(std::istream &in, int count);

signals:
    void rateChanged(int rate);
    void named(const QString &name);

public slots:
    void tick() { ++ticks; }

private:
    QTimer m_timer;
    QTimer *m_other = nullptr;
    int m_rate;
};

int main(int argc, char **argv)
{
    QCoreApplication app(argc, argv);
    Ticker ticker(2);
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, &ticker, &Ticker::tick);
    QObject::connect(&ticker, &Ticker::rateChanged, [](int) { ++misses; });
    timer.start(250);
    try {
        ticker.start();
    } catch (const std::exception &) {
        return 1;
    }
    return app.exec();
}

#include "clock.moc"
