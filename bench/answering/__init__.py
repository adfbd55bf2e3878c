"""The whole path of an answer under load: a city to answer in, a client, and the CPU of everything but the client."""
