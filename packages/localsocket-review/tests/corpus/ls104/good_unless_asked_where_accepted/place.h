int open_place(void);
