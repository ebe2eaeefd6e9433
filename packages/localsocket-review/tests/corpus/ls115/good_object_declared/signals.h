class Signals
{
public:
    Signals();

private:
    int m_hang_up[2] = {-1, -1};
    int m_end[2] = {-1, -1};
};
