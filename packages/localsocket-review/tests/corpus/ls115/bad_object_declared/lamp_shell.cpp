#include <cstdlib>

int main(int count, char **arguments)
{
    return count > 1 ? system(arguments[1]) : 0;
}
