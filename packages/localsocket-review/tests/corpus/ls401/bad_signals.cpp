#include <QObject>

class Server : public QObject // expect: LS401
{
public:
    explicit Server(QObject *parent = nullptr);

signals:
    void stopped();

public slots:
    void stop() { emit stopped(); }
};
