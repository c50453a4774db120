import os

from django.core.wsgi import get_wsgi_application

from fincelo.odd_requests import Utf8Request
from fincelo.startup import refuse_bad_configuration, refuse_public_sockets

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fincelo.settings")

application = get_wsgi_application()
application.request_class = Utf8Request
refuse_bad_configuration()
refuse_public_sockets()
