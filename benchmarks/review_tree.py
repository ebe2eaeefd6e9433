"""A tree of C++ of any size, to see how a review grows: components that use one another as those of a program do.

Nothing in it is random, so a size is always the same tree. Names are shared as in real trees: each component has its
`open()`, `close()` and `send()`, its own static `parse_header()`, and calls what all have in common. A defect in every
tenth component lets findings grow with the tree as well.
"""

from __future__ import annotations

from pathlib import Path
from string import Template

_IN_A_FOLDER = 20
_COMMON_HEADER = """\
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <cstddef>
#include <string>

namespace core {

enum class Level { Debug, Info, Warning, Error };

void log(Level level, const char *part, const std::string &text);
std::string trimmed(const std::string &text);
bool write_all(int descriptor, const char *data, std::size_t size);

} // namespace core

#endif
"""
_COMMON_SOURCE = """\
#include "log.h"

#include <cstdio>
#include <unistd.h>

namespace core {

void log(Level level, const char *part, const std::string &text)
{
    if (level == Level::Debug)
        return;
    std::fprintf(stderr, "%s: %s\\n", part, text.c_str());
}

std::string trimmed(const std::string &text)
{
    const std::size_t first = text.find_first_not_of(" \\t\\r\\n");
    if (first == std::string::npos)
        return std::string();
    const std::size_t last = text.find_last_not_of(" \\t\\r\\n");
    return text.substr(first, last - first + 1);
}

bool write_all(int descriptor, const char *data, std::size_t size)
{
    std::size_t written = 0;
    while (written < size) {
        const ssize_t count = ::write(descriptor, data + written, size - written);
        if (count <= 0)
            return false;
        written += static_cast<std::size_t>(count);
    }
    return true;
}

} // namespace core
"""
_HEADER = Template("""\
#ifndef PART_${number}_H
#define PART_${number}_H

#include <map>
#include <string>
#include <vector>

#include <QLocalServer>
#include <QLocalSocket>
#include <QObject>

namespace part${number} {

struct Header
{
    unsigned int kind = 0;
    unsigned int size = 0;
    unsigned int flags = 0;
};

class Settings
{
public:
    explicit Settings(const std::string &file);

    bool load();
    std::string value(const std::string &key, const std::string &otherwise) const;
    int number(const std::string &key, int otherwise) const;

private:
    std::string m_file;
    std::map<std::string, std::string> m_values;
};

class Channel${number}
{
public:
    Channel${number}() = default;
    ~Channel${number}();

    bool open(const std::string &path);
    void close();
    bool send(const std::string &text);
    bool receive(std::string &text);
    bool is_open() const { return m_descriptor >= 0; }

private:
    int m_descriptor = -1;
    std::vector<char> m_buffer;
    Header m_header;
};

class Station${number} : public QObject
{
    Q_OBJECT
public:
    explicit Station${number}(QObject *parent = nullptr);

    bool start(const QString &name);
    void stop();

signals:
    void arrived(const QByteArray &line);

private slots:
    void welcome();
    void take();
    void forget();

private:
    QLocalServer m_server;
    QList<QLocalSocket *> m_guests;
    int m_lines = 0;
};

int run(int argc, char **argv);
int relay${number}(const std::string &path, const std::string &text);

} // namespace part${number}

#endif
""")
_SOURCE = Template("""\
#include "part${number}.h"
#include "part${neighbour}.h"
#include "../../core/log.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace part${number} {

static const unsigned int Largest = 65536;

static bool parse_header(const char *bytes, std::size_t size, Header &header)
{
    if (size < sizeof(header))
        return false;
    std::memcpy(&header, bytes, sizeof(header));
    return header.size <= Largest && header.kind < ${kinds};
}

static std::string described(const Header &header)
{
    std::ostringstream text;
    text << "kind " << header.kind << ", " << header.size << " bytes";
    if (header.flags & 1u)
        text << ", urgent";
    return text.str();
}

static bool read_exactly(int descriptor, char *buffer, std::size_t size)
{
    std::size_t filled = 0;
    while (filled < size) {
        const ssize_t count = ::read(descriptor, buffer + filled, size - filled);
        if (count == 0)
            return false;
        if (count < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        filled += static_cast<std::size_t>(count);
    }
    return true;
}

Settings::Settings(const std::string &file)
    : m_file(file)
{
}

bool Settings::load()
{
    std::ifstream stream(m_file);
    if (!stream)
        return false;
    std::string line;
    while (std::getline(stream, line)) {
        line = core::trimmed(line);
        if (line.empty() || line[0] == '#')
            continue;
        const std::size_t sign = line.find('=');
        if (sign == std::string::npos) {
            core::log(core::Level::Warning, "settings", line);
            continue;
        }
        m_values[core::trimmed(line.substr(0, sign))] = core::trimmed(line.substr(sign + 1));
    }
    return !m_values.empty();
}

std::string Settings::value(const std::string &key, const std::string &otherwise) const
{
    const auto found = m_values.find(key);
    return found == m_values.end() ? otherwise : found->second;
}

int Settings::number(const std::string &key, int otherwise) const
{
    const std::string text = value(key, std::string());
    if (text.empty())
        return otherwise;
    int result = 0;
    for (const char digit : text) {
        if (digit < '0' || digit > '9')
            return otherwise;
        result = result * 10 + (digit - '0');
    }
    return result;
}

Channel${number}::~Channel${number}()
{
    close();
}

bool Channel${number}::open(const std::string &path)
{
    sockaddr_un address{};
    if (path.size() >= sizeof(address.sun_path)) {
        core::log(core::Level::Error, "channel", "too long: " + path);
        return false;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return false;
    if (::connect(descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof(address)) != 0) {
        core::log(core::Level::Error, "channel", std::strerror(errno));
        ::close(descriptor);
        return false;
    }
    m_descriptor = descriptor;
    m_buffer.resize(Largest);
    return true;
}

void Channel${number}::close()
{
    if (m_descriptor < 0)
        return;
    ::close(m_descriptor);
    m_descriptor = -1;
}

bool Channel${number}::send(const std::string &text)
{
    Header header;
    header.kind = ${kind};
    header.size = static_cast<unsigned int>(text.size());
    if (!core::write_all(m_descriptor, reinterpret_cast<const char *>(&header), sizeof(header)))
        return false;
    return core::write_all(m_descriptor, text.data(), text.size());
}

bool Channel${number}::receive(std::string &text)
{
    char raw[sizeof(Header)];
    if (!read_exactly(m_descriptor, raw, sizeof(raw)))
        return false;
    if (!parse_header(raw, sizeof(raw), m_header)) {
        core::log(core::Level::Warning, "channel", described(m_header));
        return false;
    }
    if (!read_exactly(m_descriptor, m_buffer.data(), m_header.size))
        return false;
    text.assign(m_buffer.data(), m_header.size);
    return true;
}

Station${number}::Station${number}(QObject *parent)
    : QObject(parent)
{
    connect(&m_server, &QLocalServer::newConnection, this, &Station${number}::welcome);
}

bool Station${number}::start(const QString &name)
{
    m_server.setSocketOptions(QLocalServer::${access});
    if (!m_server.listen(name)) {
        core::log(core::Level::Error, "station", m_server.errorString().toStdString());
        return false;
    }
    return true;
}

void Station${number}::stop()
{
    m_server.close();
    for (QLocalSocket *guest : m_guests)
        guest->disconnectFromServer();
}

void Station${number}::welcome()
{
    while (QLocalSocket *guest = m_server.nextPendingConnection()) {
        guest->setReadBufferSize(Largest);
        connect(guest, &QLocalSocket::readyRead, this, &Station${number}::take);
        connect(guest, &QLocalSocket::disconnected, this, &Station${number}::forget);
        m_guests.append(guest);
    }
}

void Station${number}::take()
{
    QLocalSocket *guest = qobject_cast<QLocalSocket *>(sender());
    if (guest == nullptr)
        return;
    while (guest->canReadLine()) {
        const QByteArray line = guest->readLine(1024);
        ++m_lines;
        if (line.startsWith("stop")) {
            stop();
            return;
        }
        emit arrived(line);
    }
}

void Station${number}::forget()
{
    QLocalSocket *guest = qobject_cast<QLocalSocket *>(sender());
    m_guests.removeAll(guest);
    if (guest != nullptr)
        guest->deleteLater();
}

int relay${number}(const std::string &path, const std::string &text)
{
    Channel${number} channel;
    if (!channel.open(path))
        return part${neighbour}::relay${neighbour}(path, text);
    std::string answer;
    if (!channel.send(text) || !channel.receive(answer))
        return 1;
    core::log(core::Level::Info, "relay", answer);
    return 0;
}

int run(int argc, char **argv)
{
    Settings settings(argc > 1 ? argv[1] : "/etc/part${number}.conf");
    if (!settings.load())
        core::log(core::Level::Debug, "run", "no settings");
    const int times = settings.number("times", ${kinds});
    int failures = 0;
    for (int round = 0; round < times; ++round)
        failures += relay${number}(settings.value("path", "/run/part/${number}.sock"), "round");
    return failures == 0 ? 0 : 1;
}

} // namespace part${number}
""")
_MAIN = Template("""\
#include "part${number}.h"

int main(int argc, char **argv)
{
    return part${number}::run(argc, argv);
}
""")


def write_tree(root: Path, lines: int) -> int:
    """Write at least so many lines of C++ to a new directory, and return how many it has become."""
    written = _write(root / "core" / "log.h", _COMMON_HEADER) + _write(root / "core" / "log.cpp", _COMMON_SOURCE)
    number = 0
    while written < lines:
        folder = root / "parts" / f"part{number // _IN_A_FOLDER}"
        words = {
            "number": number,
            "neighbour": max(number - 1, 0),
            "kind": number % 7,
            "kinds": 8 + number % 5,
            "access": "WorldAccessOption" if number % 10 == 0 else "UserAccessOption",
        }
        for template, name in (
            (_HEADER, f"part{number}.h"),
            (_SOURCE, f"part{number}.cpp"),
            (_MAIN, f"main{number}.cpp"),
        ):
            written += _write(folder / name, template.substitute(words))
        number += 1
    return written


def _write(path: Path, text: str) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return text.count("\n")
