#include <QLocalServer>

class Kiosk : public QLocalServer
{
public:
    Kiosk()
    {
        setSocketOptions(UserAccessOption);
    }
};

bool open(Kiosk &kiosk)
{
    return kiosk.listen("kiosk");
}
