#include <stdint.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static void ring(void);

static int rung(int timer)
{
    uint64_t times;
    if (read(timer, &times, sizeof(times)) < 0)
        return -1;
    for (uint64_t i = 0; i < times; i++)
        ring();
    return 0;
}

static void ring(void)
{
    (void)write(2, "\a", 1);
}

int main(void)
{
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    return rung(timer);
}
