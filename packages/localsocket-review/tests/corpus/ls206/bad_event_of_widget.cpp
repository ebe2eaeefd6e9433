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
        if (!m_socket->waitForBytesWritten(2000)) // expect: LS206
            m_socket->abort();
    }

private:
    QLocalSocket *m_socket = nullptr;
};
