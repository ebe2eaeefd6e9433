#include <QDataStream>
#include <QLocalSocket>
#include <cstdlib>

struct Point {
    float x = 0;
    float y = 0;
};

class Curve
{
public:
    bool read(QLocalSocket *socket)
    {
        QDataStream stream(socket);
        stream.startTransaction();
        stream >> m_count;
        if (!stream.commitTransaction())
            return false;
        const quint32 bytes = m_count * sizeof(Point);
        m_points = static_cast<Point *>(std::malloc(bytes)); // expect: LS110, LS121
        return m_points != nullptr;
    }

    ~Curve() { std::free(m_points); }

private:
    quint32 m_count = 0;
    Point *m_points = nullptr;
};
