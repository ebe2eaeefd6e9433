#include "session.h"

QString Session::greeting() const
{
    return tr("hello");
}

Notice *noticeOf(QObject *object)
{
    return qobject_cast<Notice *>(object);
}
