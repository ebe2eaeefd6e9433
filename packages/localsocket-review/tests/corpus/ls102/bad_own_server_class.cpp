#include <QLocalServer>

class Kiosk : public QLocalServer
{
public:
    Kiosk()
    {
        setMaxPendingConnections(3);
    }
};

bool open(Kiosk &kiosk)
{
    return kiosk.listen("kiosk"); // expect: LS102
}
