struct house {
    int wake[2];
    int ticks;
    int door;
};

typedef int (*handler)(struct house *house, int fd);

int watch(int fd, handler then, struct house *house);
int on_wake(struct house *house, int fd);
int on_tick(struct house *house, int fd);
int from_door(struct house *house);
