"""What people see and press: wall, desk, phone, sign-in, command line. Holds no rule and never touches a table."""
