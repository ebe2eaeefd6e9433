#include <QThread>

class Poller : public QThread
{
    Q_OBJECT
public:
    explicit Poller(QObject *parent = nullptr) : QThread(parent) {}

signals:
    void polled(int value);

protected:
    void run() override { emit polled(1); }
};

class Window : public QObject
{
    Q_OBJECT
public:
    explicit Window(QObject *parent = nullptr) : QObject(parent), m_poller(new Poller(this))
    {
        connect(m_poller, &Poller::polled, this, &Window::show, Qt::DirectConnection); // expect: LS204
        m_poller->start();
    }

private slots:
    void show(int value) { m_value += value; }

private:
    Poller *m_poller = nullptr;
    int m_value = 0;
};
