"""What every production FastAPI service needs: plain FastAPI, Starlette and SQLAlchemy, piece by piece."""

__version__ = "0.1.0"
