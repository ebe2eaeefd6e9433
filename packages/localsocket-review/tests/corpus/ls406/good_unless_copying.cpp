#include <QLocalSocket>

class Token
{
public:
    Token() = default;
    Token(const Token &other) = default;
    Token(Token &&other) = default;
    Token(int number) = delete;
    Token(QLocalSocket *socket, int number) : m_socket(socket), m_number(number) {}
    bool isOpen() const { return m_socket->isOpen() && m_number > 0; }

private:
    QLocalSocket *m_socket = nullptr;
    int m_number = 0;
};
