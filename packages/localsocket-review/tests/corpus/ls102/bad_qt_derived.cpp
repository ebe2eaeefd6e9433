#include <QLocalServer>

class Hub : public QLocalServer
{
    Q_OBJECT
public:
    bool start(const QString &name)
    {
        return isListening() || listen(name); // expect: LS102
    }
};
