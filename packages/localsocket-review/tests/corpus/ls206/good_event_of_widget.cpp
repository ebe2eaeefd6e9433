#include <QLocalSocket>
#include <QPlainTextEdit>

class Editor : public QPlainTextEdit
{
public:
    explicit Editor(QLocalSocket *socket) : m_socket(socket) {}

protected:
    void focusOutEvent(QFocusEvent *event) override
    {
        QPlainTextEdit::focusOutEvent(event);
        if (m_socket->bytesToWrite() > 0)
            m_socket->flush();
    }

private:
    QLocalSocket *m_socket = nullptr;
};
