#include <QObject>

class Server : public QObject
{
    Q_OBJECT // guard

public:
    explicit Server(QObject *parent = nullptr);

signals:
    void stopped();

public slots:
    void stop() { emit stopped(); }
};
