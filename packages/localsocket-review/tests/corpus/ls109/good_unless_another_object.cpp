#include <QFile>
#include <QLocalSocket>
#include <QString>

class Location
{
public:
    explicit Location(const QString &text) : m_text(text) {}
    QString text() const { return m_text; }

private:
    QString m_text;
};

Location asked_for(QLocalSocket *socket)
{
    return Location(QString::fromUtf8(socket->readAll()));
}

QString shown(QLocalSocket *socket)
{
    return asked_for(socket).text();
}

bool remember(const QString &settings)
{
    const Location location(settings + QStringLiteral("/seen.txt"));
    QFile file(location.text());
    return file.open(QIODevice::WriteOnly);
}
