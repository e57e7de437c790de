"""What people see and press: wall, desk, phone, sign-in, command line. Holds no rule; its pages never touch a table."""
