#include "signals.h"

#include <unistd.h>

class Lamp
{
public:
    Lamp() : m_level(1)
    {
    }

    int level() const
    {
        return m_level;
    }

private:
    Signals m_signals;
    int m_level;
};

int main()
{
    Lamp lamp;
    pause();
    return lamp.level();
}
