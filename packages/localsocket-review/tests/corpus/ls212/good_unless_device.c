#include <linux/hiddev.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct driver {
    int fd;
};

int key(struct driver *driver)
{
    struct hiddev_usage_ref usage;
    if (read(driver->fd, &usage, sizeof usage) < 0)
        return -1;
    if (usage.field_index == HID_FIELD_INDEX_NONE)
        ioctl(driver->fd, HIDIOCGUSAGE, &usage, sizeof usage);
    return usage.value;
}
