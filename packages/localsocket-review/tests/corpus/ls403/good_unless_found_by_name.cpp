#include <QLocalSocket>
#include <QObject>

class Panel : public QObject
{
    Q_OBJECT
    Q_PROPERTY(int level READ level WRITE setLevel NOTIFY levelChanged) // guard

public:
    explicit Panel(QLocalSocket *socket)
    {
        QMetaObject::invokeMethod(this, "begin", Qt::QueuedConnection);
        QMetaObject::connectSlotsByName(this);
        connect(socket, &QLocalSocket::readyRead, this, &Panel::refresh);
    }

signals:
    void levelChanged();

private slots:
    void on_button_clicked() { m_level = 0; }
    void refresh() { ++m_level; }

private:
    Q_INVOKABLE void reset() { m_level = 0; }
    Q_INVOKABLE void begin() { m_level = 1; }
    int level() const { return m_level; }
    void setLevel(int level) { m_level = level; }
    int m_level = 0;
};
