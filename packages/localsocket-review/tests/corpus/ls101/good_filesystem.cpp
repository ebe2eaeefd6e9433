#include <cstring>
#include <filesystem>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>

namespace files = std::filesystem;

class Door
{
public:
    explicit Door(const files::path &directory) : m_path(directory / "door") {}

    bool open(int fd)
    {
        files::create_directory(m_path.parent_path());
        files::permissions(m_path.parent_path(), files::perms::owner_all);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string text = m_path.string();
        if (text.size() >= sizeof address.sun_path)
            return false;
        std::memcpy(address.sun_path, text.data(), text.size());
        if (::bind(fd, reinterpret_cast<sockaddr *>(&address), sizeof address) != 0)
            return false;
        files::permissions(m_path, files::perms::owner_all);
        return ::listen(fd, 1) == 0;
    }

private:
    files::path m_path;
};
