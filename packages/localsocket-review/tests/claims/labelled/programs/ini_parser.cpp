// A small parser for INI files, with two kinds of listeners.
#include <cctype>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

class ParseError : public std::runtime_error
{
public:
    ParseError(const std::string &what, int line)
        : std::runtime_error(what), m_line(line) {}
    int line() const noexcept { return m_line; }

private:
    int m_line;
};

class Listener
{
public:
    virtual void section(const std::string &name) = 0;
    virtual void entry(const std::string &key, const std::string &value) = 0;
};

class Collector : public Listener
{
public:
    void section(const std::string &name) override { m_current = name; }
    void entry(const std::string &key, const std::string &value) override
    {
        m_values[m_current + "." + key] = value;
    }
    const std::string *find(const std::string &name) const
    {
        auto it = m_values.find(name);
        return it == m_values.end() ? nullptr : &it->second;
    }
    std::size_t size() { return m_values.size(); }

private:
    std::string m_current;
    std::map<std::string, std::string> m_values;
};

class Printer final : public Listener
{
public:
    void section(const std::string &name) override { std::cout << '[' << name << "]\n"; }
    void entry(const std::string &key, const std::string &value) override
    {
        std::cout << key << " = " << value << '\n';
    }
};

class IniParser
{
public:
    IniParser(Listener &listener, char comment = ';')
        : m_listener(listener), m_comment(comment) {}

    void parse(std::istream &in)
    {
        std::string line;
        while (std::getline(in, line)) {
            ++m_line;
            parseLine(trim(line));
        }
    }

    int lineNumber() const { return m_line; }

private:
    static std::string trim(std::string text)
    {
        while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())))
            text.pop_back();
        std::size_t start = 0;
        while (start < text.size() && std::isspace(static_cast<unsigned char>(text[start])))
            ++start;
        return text.substr(start);
    }

    void parseLine(const std::string &line)
    {
        if (line.empty() || line[0] == m_comment)
            return;
        if (line.front() == '[') {
            if (line.back() != ']')
                throw ParseError("unterminated section", m_line);
            m_listener.section(line.substr(1, line.size() - 2));
            return;
        }
        const auto equals = line.find('=');
        if (equals == std::string::npos)
            throw ParseError("no '=' in entry", m_line);
        m_listener.entry(trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
    }

    Listener &m_listener;
    char m_comment;
    int m_line = 0;
    int m_depth = 0;
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        std::cerr << "usage: ini_parser FILE [KEY]\n";
        return 2;
    }
    std::ifstream file(argv[1]);
    Collector *collector = new Collector;
    IniParser parser(*collector);
    try {
        parser.parse(file);
    } catch (const ParseError &error) {
        std::cerr << argv[1] << ':' << error.line() << ": " << error.what() << '\n';
        return 1;
    }
    if (argc > 2) {
        if (const std::string *value = collector->find(argv[2]))
            std::cout << *value << '\n';
    }
    std::cout << collector->size() << " entries\n";
    return 0;
}
