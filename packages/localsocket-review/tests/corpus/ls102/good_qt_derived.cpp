#include <QLocalServer>

class Hub : public QLocalServer
{
    Q_OBJECT
public:
    bool start(const QString &name)
    {
        setSocketOptions(UserAccessOption); // guard
        return isListening() || listen(name);
    }
};
