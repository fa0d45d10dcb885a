"""Write requests with recorded output bytes: these tests detect code changes that change the bytes."""
