import factory
from django.contrib.auth.hashers import make_password

from accounts.models import Role, User

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"user{number}@example.com")
    password = factory.LazyFunction(lambda: make_password(PASSWORD))
    first_name = "Ursula"
    last_name = factory.Sequence(lambda number: f"User{number}")
    role = Role.USER
    is_active = True
    email_verified = True


class ResellerFactory(UserFactory):
    role = Role.RESELLER


class AdminFactory(UserFactory):
    role = Role.ADMIN
    is_superuser = True
