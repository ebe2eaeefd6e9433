#include <QLocalSocket>
#include <atomic>
#include <thread>
#include <sys/socket.h>
#include <unistd.h>

QByteArray line(QLocalSocket &socket)
{
    QByteArray text;
    while (!text.contains('\n')) {
        if (!socket.waitForReadyRead(1000))
            return {};
        text += socket.readAll();
    }
    return text;
}

class Accepting
{
public:
    explicit Accepting(int listener) : m_listener(listener), m_thread(&Accepting::run, this) {}
    ~Accepting()
    {
        m_stopping = true;
        shutdown(m_listener, SHUT_RDWR);
        m_thread.join();
    }

private:
    void run()
    {
        while (!m_stopping) {
            int client = accept4(m_listener, nullptr, nullptr, SOCK_CLOEXEC);
            if (client >= 0)
                close(client);
        }
    }

    int m_listener = -1;
    std::atomic<bool> m_stopping{false};
    std::thread m_thread;
};
