/* Only where the system has closefrom() does the child close what it must not have. */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <unistd.h>

static void start_shade(int order, char **words)
{
    switch (order) {
    case 's':
        if (fork() != 0)
            break;
#ifdef HAVE_CLOSEFROM
        closefrom(3);
#else
        (void)setsid();
#endif
#ifdef HAVE_EXECVPE
        execvpe(words[0], words, words + 1);
#else
        execvp(words[0], words);
#endif
        _exit(127);
    case 'q':
        _exit(0);
    }
}

int main(int count, char **words)
{
    int shade = socket(AF_UNIX, SOCK_STREAM, 0); /* expect: LS115 */

    start_shade(count, words + 1);
    return shade < 0;
}
