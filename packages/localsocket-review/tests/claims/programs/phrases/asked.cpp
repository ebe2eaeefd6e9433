#include <QLocalServer>
#include <QTimer>

class Shape : public QObject
{
    Q_OBJECT

public:
    explicit Shape(int sides) : m_sides(sides) {}
    virtual void draw() const {}

signals:
    void changed();

private:
    int m_sides;
};

class Plain : public QObject
{
public:
    Plain(int sides) : m_sides(sides) {}
    void draw() {}

signals:
    void changed();

private:
    int m_sides;
};

void start(QLocalServer &server)
{
    if (!server.listen("shapes"))
        return;
    server.waitForNewConnection(100);
    emit Shape(3).changed();
}
